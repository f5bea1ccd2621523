# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime, time, timedelta

import pytz


def local_moment(zone, day, hour):
    """Return when it is an hour of a day in a time zone, in UTC (naive).

    In the hour that a clock change leaves out, it is an hour later; of the one that
    comes twice, the first counts.

    :param float hour: 13.5 is half past one
    """
    local = datetime.combine(day, time.min) + timedelta(minutes=round(hour * 60))
    moment = zone.normalize(zone.localize(local, is_dst=True))
    if moment.replace(tzinfo=None) < local:
        moment = zone.normalize(zone.localize(local, is_dst=False))
    return moment.astimezone(pytz.utc).replace(tzinfo=None)
