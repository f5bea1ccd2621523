"""Entry point. Written so that any Python parses it, to name the right one."""

import sys

SUPPORTED = ((3, 10), (3, 13))


def python_problem(version):
    """Return the sentence that says that this Python will not do, or None."""
    if SUPPORTED[0] <= tuple(version[:2]) <= SUPPORTED[1]:
        return None
    return (
        "This is Python %d.%d, but Odoo 19 needs Python 3.10 to 3.13:"
        " name one that you have, for example make run PYTHON=python3.12."
    ) % tuple(version[:2])


def main():
    problem = python_problem(sys.version_info)
    if problem:
        sys.stderr.write(problem + "\n")
        return 1
    from dev import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
