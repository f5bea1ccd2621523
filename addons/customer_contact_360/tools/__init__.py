from . import feed_file
from . import feed_transport
from . import schedule
from . import secret
