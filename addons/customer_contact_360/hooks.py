# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).


def uninstall_hook(env):
    """Archive the wording that the history of a shop refers to.

    Deleting it would fail, and with it the uninstallation.
    """
    names = env["ir.model.data"].search(
        [
            ("module", "=", "customer_contact_360"),
            ("model", "=", "customer.interaction.purpose"),
        ]
    )
    purposes = env["customer.interaction.purpose"].with_context(active_test=False)
    purposes = purposes.browse(names.mapped("res_id"))
    used = env["customer.interaction"]._read_group(
        [("purpose_id", "in", purposes.ids)], ["purpose_id"]
    )
    kept = purposes.browse(purpose.id for (purpose,) in used)
    kept.active = False
    names.filtered(lambda name: name.res_id in kept.ids).unlink()
