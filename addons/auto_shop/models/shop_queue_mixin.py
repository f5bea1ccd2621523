# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging

import psycopg2.errors

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

# Another worker's commit came between: the same step goes well a moment later.
CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)


class ShopQueueMixin(models.AbstractModel):
    """A queue in the database that several workers may work off side by side.

    Its work falls into shares: what one worker takes at a time, locking it so that
    nobody else takes it too. The scheduled action goes from share to share; an addon
    that has other workers (``auto_shop_queue_job``) gives them shares as well, and
    need not know what the queue is about.
    """

    _name = "shop.queue.mixin"
    _description = "Queue That Workers Share"

    # XML id of the scheduled action that works it off.
    _queue_cron = None
    # Whether a share commits on its way, as it must before it calls anybody outside.
    _queue_commits = False

    @api.model
    def _wake_queue(self, at=None):
        """Have the queue worked off now, or at the moment ``at``."""
        later = at if at and at > fields.Datetime.now() else None
        self.env.ref(self._queue_cron).sudo()._trigger(later)

    @api.model
    def _get_queue_shares(self, limit):
        """Return how much there is to do now, as ``{part: number of shares}``.

        Parts are what workers may take turns at, such as the id of a location; a
        queue without parts has the one ``False``. Parts with nothing to do are left
        out.

        :param int limit: more shares than this are of no interest
        """
        raise NotImplementedError

    @api.model
    def _work_queue_share(self, part):
        """Work off one share of a part, of whatever is waiting by now.

        A share of a queue that is not ``_queue_commits`` neither commits nor rolls
        back. Any of ``CONFLICTS`` may come out of it: then nothing was done.

        :return: whether more may be waiting
        """
        raise NotImplementedError

    @api.model
    def _get_share_size(self, parameter, default):
        """Return how much a share is; a system parameter that is no number is none."""
        value = self.env["ir.config_parameter"].sudo().get_param(parameter) or ""
        return int(value) if value.isdigit() and int(value) else default

    def _without_conflict(self, step, *args):
        """Run a step that is one transaction, again when another one came between."""
        for _attempt in range(9):
            try:
                return step(*args)
            except CONFLICTS as error:
                _logger.info("%s: once more after %s", self._name, type(error).__name__)
                self.env.cr.rollback()
        return step(*args)
