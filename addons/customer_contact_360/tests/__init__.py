from . import test_due
