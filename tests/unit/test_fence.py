"""Which addresses a script's browser may open."""

import pytest

from scriptjobs.child.fence import Fence, Forbidden

FENCE = Fence(["admin.example.com", "127.0.0.1:9000", "*.shop.example.com"])


@pytest.mark.parametrize(
    "address",
    [
        "https://admin.example.com/login", "https://ADMIN.example.com", "http://127.0.0.1:9000/x",
        "https://curry.shop.example.com", "about:blank", "data:text/html,x", "blob:https://admin.example.com/1",
    ],
)  # fmt: skip
def test_the_portal_is_open(address: str) -> None:
    assert FENCE.allows(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9001/", "http://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd",
        "https://admin.example.com.evil.test/", "https://admin.example.com@evil.test/", "https://evil.test/admin.example.com",
        "https://shop.example.com.evil.test", "https://evilshop.example.com", "http://[::1]/", "http://localhost:9000/",
        "ftp://admin.example.com/", "view-source:https://admin.example.com", "chrome://settings", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_everything_else_is_not(address: str) -> None:
    assert not FENCE.allows(address)
    with pytest.raises(Forbidden) as raised:
        FENCE.check(address)
    assert raised.value.code == "PERMISSION_DENIED"
