"""The index: entry store, lexical and vector legs, fusion, generations, and the knowledge base over them."""
