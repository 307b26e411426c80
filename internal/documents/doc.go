// Package documents is the store of what changes shape often and is read by its owner: what
// a person likes, what was shown to them and what they did, how often, the lists made for
// them, and the models that make lists. It has the ports, their types and the rules that
// every database keeps; the databases are below: documents/postgres and documents/mongo.
// A Sink takes events without ever making a request wait.
//
// What does not live here: what money or a seat depends on. A booking is true in the main
// database; its events here are made from it, and can be made again. Nor what the documents
// mean: the service that writes a list or a model knows that.
package documents
