from . import test_due_once
from . import test_due_recipients
from . import test_due_reminders
from . import test_due_vehicles
from . import test_email
from . import test_feed
from . import test_statistics
