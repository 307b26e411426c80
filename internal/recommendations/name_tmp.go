package recommendations

// ModelName is the name of the model in the store of documents.
const ModelName = "films"
