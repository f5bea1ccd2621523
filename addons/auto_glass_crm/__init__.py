from . import exceptions
from . import tools
from . import models
