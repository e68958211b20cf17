import Foundation

/// The seed that random tests begin with: the same each time, so that a run judges a change and not its luck.
///
/// FITNESS_TEST_MODEL_SEED asks for another one: a search for what is still wrong.
public let modelSeed: UInt64 = ProcessInfo.processInfo.environment["FITNESS_TEST_MODEL_SEED"].flatMap(UInt64.init) ?? 567_867_469
