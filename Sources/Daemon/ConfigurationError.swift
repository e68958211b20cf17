/// Settings that can't be used: a sentence for each, which names the key and says what to do.
struct ConfigurationError: Error, CustomStringConvertible {
    let sentences: [String]

    init(_ sentence: String) { sentences = [sentence] }

    init(_ sentences: [String]) { self.sentences = sentences }

    var description: String {
        if sentences.count == 1 { return sentences[0] }
        return (["\(sentences.count) settings can't be used:"] + sentences.map { "  - \($0)" }).joined(separator: "\n")
    }
}

/// Collects what is wrong with the settings, so that all of it is told at once.
struct ConfigurationFaults {
    private(set) var sentences: [String]

    /// The value that `body` makes; when it can't, its error is kept and `otherwise` stands in until `throwIfAny`.
    mutating func take<Value>(_ otherwise: @autoclosure () -> Value, _ body: () throws -> Value) -> Value {
        do {
            return try body()
        } catch {
            sentences += (error as? ConfigurationError)?.sentences ?? ["\(error)"]
            return otherwise()
        }
    }

    /// - Throws: `ConfigurationError` with all that was found.
    func throwIfAny() throws {
        if !sentences.isEmpty { throw ConfigurationError(sentences) }
    }
}
