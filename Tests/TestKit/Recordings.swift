import Foundation

/// The body of an answer in Strava's shape, with what is known of its exchange.
public struct Recording: Sendable, CustomStringConvertible {
    public let kind: String
    /// From the collection's folder.
    public let path: String
    public let body: [UInt8]
    /// Nil for a body that was kept without its exchange.
    public let status: Int?
    public let headers: [(name: String, value: String)]
    public let uri: String

    public var description: String { path }
}

/// Two collections of answers that the same tests read: a small invented one, in `Tests/Fixtures/Strava`, and Strava's own.
///
/// A collection is a folder with an `INDEX.tsv` (path, kind). An answer `x.body.json` may have its exchange beside it, in `x.meta.json`.
public enum Recordings {
    /// Written for this repository: invented figures in Strava's shape, at places in the open sea.
    public static let invented = collection(checkout.appending(path: "Tests/Fixtures/Strava"))

    /// Recorded from Strava. They may not be copied into the repository, so they lie beside the checkout, in `../shared/data`; empty where
    /// they do not. A test of nothing but these is enabled by `areHere`, so that the runner reports it as skipped.
    public static let recorded = collection(checkout.deletingLastPathComponent().appending(path: "shared/data"))

    public static var areHere: Bool { !recorded.isEmpty }

    public static let all = invented + recorded

    public static func of(_ kind: String) -> [Recording] { all.filter { $0.kind == kind } }

    /// Only the JSON bodies: some collections have the same ones in other forms, too.
    private static func collection(_ folder: URL) -> [Recording] {
        let text = (try? String(contentsOf: folder.appending(path: "INDEX.tsv"), encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard columns.count > 1, columns[0].hasSuffix(".json") else { return nil }
            return recording(folder, path: columns[0], kind: columns[1])
        }
    }

    private static func recording(_ folder: URL, path: String, kind: String) -> Recording? {
        guard let body = try? Data(contentsOf: folder.appending(path: path)) else { return nil }
        let metaPath = path.replacing(".body.json", with: ".meta.json")
        let meta = metaPath == path ? nil : try? Data(contentsOf: folder.appending(path: metaPath))
        let exchange = meta.flatMap { try? JSONDecoder().decode(Exchange.self, from: $0) }
        return Recording(
            kind: kind, path: path, body: Array(body), status: exchange?.status,
            headers: (exchange?.headers ?? [:]).map { (name: $0.key, value: $0.value) }, uri: exchange?.uri ?? "")
    }

    private struct Exchange: Decodable {
        let status: Int
        let uri: String
        let headers: [String: String]
    }
}
