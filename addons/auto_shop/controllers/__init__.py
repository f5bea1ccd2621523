from . import twilio
from . import unsubscribe
from . import print_run
