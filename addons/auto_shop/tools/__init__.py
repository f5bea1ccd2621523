from . import text_keywords
from . import sms_api_twilio
from . import sms_api_sandbox
from . import email_text
from . import sealed_token
from . import vin
