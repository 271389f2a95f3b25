"""SQL tables projected from the documents, for lists, search and reports. They can be dropped and made again."""
