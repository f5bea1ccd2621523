# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.vin import spell_name


class VehicleModel(models.Model):
    _name = "vehicle.model"
    _description = "Vehicle Model"
    _order = "make_id, name, id"
    _rec_names_search = ["name", "make_id.name"]

    name = fields.Char(required=True)
    make_id = fields.Many2one(
        "vehicle.make", required=True, index=True, ondelete="restrict"
    )
    active = fields.Boolean(default=True)

    _name_unique = models.UniqueIndex(
        "(make_id, lower(name))",
        "This make has a model of that name already, perhaps archived. Use that one.",
    )

    @api.model
    def name_create(self, name):
        # The make comes from the card on which the clerk types a new model.
        make = self.env["vehicle.make"].browse(
            self.env.context.get("default_make_id") or []
        )
        if not make:
            return super().name_create(name)
        model = self._find_or_create([(make, name)])[make, name]
        return model.id, model.display_name

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._prepare_name_vals(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._prepare_name_vals(vals))

    @api.model
    def _find_or_create(self, pairs):
        """Return ``{(make, name): model}``, matched whatever the capitals.

        As ``vehicle.make._find_or_create``, for pairs of a make and a name.
        """
        cleaned = {
            (make, name): (make.id, " ".join((name or "").split()))
            for make, name in pairs
        }
        found = self._find_by_name(cleaned.values())
        missing = [key for key in cleaned.values() if all(key) and key not in found]
        if missing:
            self.check_access("create")
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO vehicle_model (
                        make_id, name, active, create_uid, write_uid, create_date,
                        write_date
                    )
                    SELECT make_id, name, true, %(uid)s, %(uid)s,
                        now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                    FROM unnest(%(makes)s::int[], %(names)s::text[])
                        AS new (make_id, name)
                    ON CONFLICT (make_id, lower(name)) DO NOTHING
                    RETURNING id
                    """,
                    uid=self.env.uid,
                    makes=[make_id for make_id, name in missing],
                    names=[spell_name(name) for make_id, name in missing],
                )
            )
            found = self._find_by_name(cleaned.values())
        return {pair: found.get(key, self.browse()) for pair, key in cleaned.items()}

    @api.model
    def _find_by_name(self, keys):
        # The database compares: only its own lower() agrees with the unique index.
        keys = [(make_id, name) for make_id, name in keys if make_id]
        self.flush_model(["make_id", "name"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT wanted.make_id, wanted.name, model.id
                FROM unnest(%s::int[], %s::text[]) AS wanted (make_id, name)
                JOIN vehicle_model model
                    ON model.make_id = wanted.make_id
                    AND lower(model.name) = lower(wanted.name)
                """,
                [make_id for make_id, name in keys],
                [name for make_id, name in keys],
            )
        )
        return {(make_id, name): self.browse(row_id) for make_id, name, row_id in rows}

    @api.model
    def _prepare_name_vals(self, vals):
        if vals.get("name"):
            return {**vals, "name": " ".join(vals["name"].split())}
        return vals
