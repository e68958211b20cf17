import ArgumentParser
import ControlAPI
import Foundation

/// Values with which a shell completes an argument, asked from the daemon. Without an answer in a moment there are none: somebody has pressed a key
/// and waits.
enum CompletedValues {
    private static let patience = Duration.seconds(1)

    static let athletes = of(.athletes)
    static let uids = of(.uids)
    static let tables = of(.tables)
    static let tokens = of(.tokens)
    static let reasons = of(.quarantineReasons)
    /// Endpoints of what is in the quarantine of the athlete before, and objects with the endpoint before.
    static let endpoints = of(.quarantineEndpoints) { words in query(athlete: words.dropLast().last, endpoint: nil) }
    static let objects = of(.quarantineObjects) { words in
        query(athlete: words.dropLast(2).last, endpoint: words.dropLast().last)
    }
    /// Names of streams, separated by commas.
    static let streams = CompletionKind.custom { words, index, _ in
        let word = words.indices.contains(index) ? words[index] : ""
        return list(await values(.streams, ofWordsUpTo: "", words, []), after: word)
    }

    /// Words of a closed list, separated by commas.
    static func list(of values: [String]) -> CompletionKind {
        .custom { words, index, _ in list(values, after: words.indices.contains(index) ? words[index] : "") }
    }

    /// - Parameter query: what limits the values, from the words up to the one that is completed.
    private static func of(
        _ kind: ValuesMessage.Kind, _ query: @escaping @Sendable (ArraySlice<String>) -> [(name: String, value: String)] = { _ in [] }
    ) -> CompletionKind {
        .custom { words, index, _ in
            guard words.indices.contains(index) else { return [] }
            return await values(kind, ofWordsUpTo: words[index], words, query(words[...index]))
        }
    }

    private static func values(
        _ kind: ValuesMessage.Kind, ofWordsUpTo word: String, _ words: [String], _ query: [(name: String, value: String)]
    ) async -> [String] {
        let client = ControlClient(socketPath: GlobalOptions.socketPath(in: words), idleTimeout: patience)
        let target = ControlTarget(.values, query: [("of", kind.rawValue), ("prefix", plain(word))] + query)
        guard let bytes = try? await client.bytes(target), let message: ValuesMessage = try? ControlClient.decoded(bytes) else { return [] }
        return message.values.filter { !$0.isEmpty && $0 == plain($0) }.map(forShell)
    }

    /// A shell passes a word as it was typed. With quotes and the like in it, all values are asked for, and the shell chooses.
    private static func plain(_ word: String) -> String {
        word.wholeMatch(of: /[A-Za-z0-9._:@+-]{0,128}/) == nil ? "" : word
    }

    /// zsh takes what follows a colon for a description.
    private static func forShell(_ value: String) -> String {
        CompletionShell.requesting == .zsh ? value.replacing(":", with: "\\:") : value
    }

    private static func query(athlete: String?, endpoint: String?) -> [(name: String, value: String)] {
        let pairs = [("athlete_id", athlete.flatMap { Int64($0) }.map { String($0) }), ("endpoint", endpoint)]
        return pairs.compactMap { name, value in value.map { (name: name, value: $0) } }
    }

    /// What was typed up to its last comma, with each value that is not in it yet.
    private static func list(_ values: [String], after word: String) -> [String] {
        let typed = word.split(separator: ",", omittingEmptySubsequences: false).dropLast()
        let begun = typed.map { $0 + "," }.joined()
        return values.filter { !typed.contains(Substring($0)) }.map { begun + $0 }
    }
}
