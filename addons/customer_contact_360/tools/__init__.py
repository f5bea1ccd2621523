from . import feed_file
from . import feed_transport
from . import lob_api
from . import schedule
from . import secret
