from . import base_partner_merge
from . import sms_composer
from . import sms_sandbox_reply
from . import sms_twilio_account_manage
