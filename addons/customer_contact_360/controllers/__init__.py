from . import postcard
from . import merge
