"""The contract: messages and stubs generated from the .proto files beside them by ``make proto``; never edited."""
