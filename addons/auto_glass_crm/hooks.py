# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).


def uninstall_hook(env):
    """Leave what the history of a shop holds, instead of failing to delete it.

    Wording that was used is archived, so that nobody is asked about its moments any
    more. Stages with leads, and products on orders, stay as they are.
    """
    purposes = _get_own(env, "customer.interaction.purpose")
    used = env["customer.interaction"].with_context(active_test=False)
    kept = used._read_group([("purpose_id", "in", purposes.ids)], ["purpose_id"])
    purposes = purposes.browse(purpose.id for (purpose,) in kept)
    purposes.active = False
    leads = env["crm.lead"].with_context(active_test=False)
    stages = _get_own(env, "crm.stage")
    with_leads = leads._read_group([("stage_id", "in", stages.ids)], ["stage_id"])
    stages = stages.browse(stage.id for (stage,) in with_leads)
    products = _get_own(env, "product.product")
    sold = env["sale.order.line"]._read_group(
        [("product_id", "in", products.ids)], ["product_id"]
    )
    products = products.browse(product.id for (product,) in sold)
    for records in (
        purposes,
        stages,
        stages.team_ids,
        stages.team_ids.alias_id,
        products,
        products.product_tmpl_id,
        products.categ_id,
    ):
        env["ir.model.data"].search(
            [
                ("module", "=", "auto_glass_crm"),
                ("model", "=", records._name),
                ("res_id", "in", records.ids),
            ]
        ).unlink()


def _get_own(env, model):
    """Return the records of a model that this addon's files brought."""
    names = env["ir.model.data"].search(
        [("module", "=", "auto_glass_crm"), ("model", "=", model)]
    )
    return env[model].with_context(active_test=False).browse(names.mapped("res_id"))
