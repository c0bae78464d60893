"""Percentiles and ratios, printed in one form."""

from collections.abc import Mapping, Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def show(title: str, rows: Mapping[str, Sequence[float]], shares: tuple[float, ...] = (0.5, 0.99)) -> None:
    """Print a line for each row (milliseconds), and the ratio of each later row to the first, the floor."""
    print(f"\n{title}")
    floor: list[float] = []
    for name, values in rows.items():
        found = [percentile(values, share) for share in shares]
        floor = floor or found
        figures = "  ".join(f"p{share * 100:.0f} {value:8.2f} ms" for share, value in zip(shares, found, strict=True))
        ratios = "  ".join(f"×{value / base:.1f}" for value, base in zip(found, floor, strict=True))
        print(f"  {name:<44} n={len(values):<4} {figures}  {ratios}")
