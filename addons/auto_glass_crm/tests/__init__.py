from . import test_product
from . import test_send_to_crm
from . import test_send_race
from . import test_schedule
from . import test_void
from . import test_experience
from . import test_outside_crm
from . import test_tours
