"""The storm: everything that can die dies while edits pour in, and afterwards every promise is checked."""
