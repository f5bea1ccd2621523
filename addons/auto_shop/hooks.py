# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).


def post_init_hook(env):
    """Put companies that never set up texting into the sandbox.

    Odoo's default is its own paid service, so every company has that value, chosen or
    not. It counts as chosen as soon as anything was ever done with it: an account that
    is registered, has a balance or a sender name, or one text handed over. Then nothing
    is changed.
    """
    accounts = env["iap.account"].search([("service_name", "=", "sms")])
    used = accounts.filtered(
        lambda account: (
            account.state in ("registered", "banned")
            or set(account.balance or "") & set("123456789")
            or account.sender_name
        )
    )
    if (
        not used
        and not env["sms.sms"].search_count(
            [("state", "in", ("process", "pending", "sent"))], limit=1
        )
        and not env["mail.notification"].search_count(
            [
                ("notification_type", "=", "sms"),
                ("notification_status", "in", ("process", "pending", "sent")),
            ],
            limit=1,
        )
    ):
        companies = env["res.company"].with_context(active_test=False)
        companies.search([("sms_provider", "in", ("iap", False))]).write(
            {"sms_provider": "sandbox"}
        )


def uninstall_hook(env):
    """Spare Odoo the rows that it would try to delete one by one, in vain.

    Those of our own tables go with the tables. Companies, people and products that
    demo data brought are in orders and invoices, which stay.
    """
    env["ir.model.data"].search(
        [
            ("module", "=", "auto_shop"),
            (
                "model",
                "in",
                (
                    "customer.interaction.purpose",
                    "customer.vehicle",
                    "product.category",
                    "product.product",
                    "product.template",
                    "res.company",
                    "res.partner",
                    "res.users",
                    "shop.bay",
                    "vehicle.make",
                ),
            ),
        ]
    ).unlink()
