"""Delta tables, one per noun: append, upsert, versions, the commit point of an import. Nobody else knows Delta."""
