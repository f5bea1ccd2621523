from . import customer_contact_setup
from . import customer_contact_rule
from . import customer_contact_due
from . import customer_contact_due_rules
from . import customer_interaction
