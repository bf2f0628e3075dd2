"""Start one sandbox from the command line: ``python -m mostek.sandbox NAME --data DIR``."""

import sys

from mostek.sandbox.runtime import main

if __name__ == "__main__":
    sys.exit(main())
