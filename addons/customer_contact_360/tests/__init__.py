from . import test_due
from . import test_feed
from . import test_statistics
from . import test_email
