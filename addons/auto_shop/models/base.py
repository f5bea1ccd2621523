# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import models
from odoo.tools import SQL
from odoo.tools.misc import split_every

INSERT_SIZE = 500


class Base(models.AbstractModel):
    _inherit = "base"

    def _insert_like_create(self, vals_list):
        """Insert records in one statement for many, as `create` stores them.

        For plain values of columns, all with the same keys, from code that has checked
        the rights: neither overrides of `create`, nor constraints in Python, nor
        inverse fields take part. Defaults do, and stored computed fields.

        :return: the records, in the same order
        """
        if not vals_list:
            return self.browse()
        stored = [
            field
            for field in self._fields.values()
            if field.store and field.column_type and field.name != "id"
        ]
        given = vals_list[0].keys()
        computed = [
            field for field in stored if field.compute and field.name not in given
        ]
        defaults = self.default_get(
            [f.name for f in stored if f.name not in given and f not in computed]
        )
        now = self.env.cr.now()
        defaults.update(
            create_uid=self.env.uid,
            write_uid=self.env.uid,
            create_date=now,
            write_date=now,
        )
        columns = [
            field for field in stored if field.name in given or field.name in defaults
        ]
        constants = {
            field: field.convert_to_column_insert(defaults[field.name], self, defaults)
            for field in columns
            if field.name not in given
        }
        ids = []
        for chunk in split_every(INSERT_SIZE, vals_list):
            rows = self.env.execute_query(
                SQL(
                    "INSERT INTO %s (%s) VALUES %s RETURNING id",
                    SQL.identifier(self._table),
                    SQL(", ").join(SQL.identifier(field.name) for field in columns),
                    SQL(", ").join(
                        tuple(
                            constants[field]
                            if field in constants
                            else field.convert_to_column_insert(
                                vals[field.name], self, vals
                            )
                            for field in columns
                        )
                        for vals in chunk
                    ),
                )
            )
            ids += [row_id for (row_id,) in rows]
        records = self.browse(ids)
        records.modified([field.name for field in columns], create=True)
        for field in computed:
            self.env.add_to_compute(field, records)
        return records
