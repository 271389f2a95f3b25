"""Cases: what a person must look at or decide, what people say of it, and how it ends (docs/reconcile.md)."""
