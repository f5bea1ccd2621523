# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from unittest.mock import patch

from odoo.tests import tagged

from .common import AutoShopCommon

# What differs from one row to the next by its nature.
OWN = {"id", "mail_message_id", "message_id", "interaction_id"}


@tagged("post_install", "-at_install")
class TestMailQueueRows(AutoShopCommon):
    """E-mails that are queued by the thousand are the rows that `create` makes."""

    def _queue(self):
        rows = self.env["customer.interaction"]._plan(
            [
                {
                    "partner_id": self._create_customer(name=name).id,
                    "channel": "email",
                    "subject": "Your “order”\nfrom us",
                    "body": "<p>It is ready</p>",
                    # By hand: without a link of its own in each.
                    "automatic": False,
                }
                for name in ("Ann", "Zoë")
            ]
        )
        rows._dispatch()
        self.env.flush_all()
        return self.env["mail.mail"].search(
            [("interaction_id", "in", rows.ids)], order="id"
        )

    def _read(self, table, ids):
        self.env.cr.execute(f"SELECT * FROM {table} WHERE id IN %s", (tuple(ids),))
        return [
            {name: value for name, value in row.items() if name not in OWN}
            for row in self.env.cr.dictfetchall()
        ]

    def test_same_rows_as_create(self):
        fast = self._queue()
        mails = type(self.env["mail.mail"])
        with patch.object(mails, "_create_is_extended", lambda self: True):
            slow = self._queue()
        for table, left, right in (
            ("mail_mail", fast, slow),
            ("mail_message", fast.mail_message_id, slow.mail_message_id),
        ):
            left, right = self._read(table, left.ids), self._read(table, right.ids)
            for row in left + right:
                # Each half has customers of its own.
                row.pop("res_id", None)
            self.assertEqual(left, right)
        self.assertEqual(len(set(fast.mapped("message_id"))), 2)
        self.assertEqual(
            fast.interaction_id.mapped("provider_ref"), fast.mapped("message_id")
        )

    def test_other_addons_are_called(self):
        """One that extends `create` is not passed over."""
        mails = self.env["mail.mail"]
        self.assertFalse(mails._create_is_extended())

        def create(self, vals_list):
            raise AssertionError("called")

        with patch.object(type(mails), "create", create, create=True):
            self.assertTrue(mails._create_is_extended())
            with self.assertRaisesRegex(AssertionError, "called"):
                mails._queue_many([{"body_html": "<p/>"}])
