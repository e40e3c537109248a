"""The life of an edit: accept it, send it, prove it, watch it."""
