"""Pure renderers: views in, files out."""
