from . import test_consent
from . import test_odometer
from . import test_phone
from . import test_vehicle
from . import test_vehicle_access
from . import test_vehicle_deferred_work
from . import test_vin
