# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.vin import spell_name


class VehicleMake(models.Model):
    _name = "vehicle.make"
    _description = "Vehicle Make"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    model_ids = fields.One2many("vehicle.model", "make_id", string="Models")
    model_count = fields.Integer(compute="_compute_model_count")

    _name_unique = models.UniqueIndex(
        "(lower(name))",
        "This make exists already, perhaps archived. Use that one.",
    )

    @api.depends("model_ids")
    def _compute_model_count(self):
        counts = dict(
            self.env["vehicle.model"]._read_group(
                [("make_id", "in", self.ids)], ["make_id"], ["__count"]
            )
        )
        for make in self:
            make.model_count = counts.get(make._origin, 0)

    @api.model
    def name_create(self, name):
        make = self._find_or_create([name])[name]
        return make.id, make.display_name

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._prepare_name_vals(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._prepare_name_vals(vals))

    @api.model
    def _find_or_create(self, names):
        """Return ``{name: make}``, matched whatever the capitals.

        New makes are inserted past the unique index, so that two people who meet
        the same new make at once both get the same record (the later transaction
        is repeated by Odoo).
        """
        cleaned = {name: " ".join((name or "").split()) for name in names}
        found = self._find_by_name(cleaned.values())
        missing = [name for name in cleaned.values() if name and name not in found]
        if missing:
            self.check_access("create")
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO vehicle_make
                        (name, active, create_uid, write_uid, create_date, write_date)
                    SELECT name, true, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC',
                        now() AT TIME ZONE 'UTC'
                    FROM unnest(%(names)s::text[]) AS new (name)
                    ON CONFLICT (lower(name)) DO NOTHING
                    RETURNING id
                    """,
                    uid=self.env.uid,
                    names=[spell_name(name) for name in missing],
                )
            )
            found = self._find_by_name(cleaned.values())
        return {name: found.get(key, self.browse()) for name, key in cleaned.items()}

    @api.model
    def _find_by_name(self, names):
        # The database compares: only its own lower() agrees with the unique index.
        self.flush_model(["name"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT wanted.name, make.id
                FROM unnest(%s::text[]) AS wanted (name)
                JOIN vehicle_make make ON lower(make.name) = lower(wanted.name)
                """,
                list(names),
            )
        )
        return {name: self.browse(make_id) for name, make_id in rows}

    @api.model
    def _prepare_name_vals(self, vals):
        if vals.get("name"):
            return {**vals, "name": " ".join(vals["name"].split())}
        return vals
