from . import twilio
from . import unsubscribe
