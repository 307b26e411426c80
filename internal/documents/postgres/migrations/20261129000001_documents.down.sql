DROP TABLE documents.models_in_use, documents.model_parts, documents.models, documents.lists, documents.counters, documents.events, documents.profiles;
