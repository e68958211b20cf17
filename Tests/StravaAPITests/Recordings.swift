import Foundation
import TestKit
import Testing

/// Recorded answers of Strava, one body with what is known of its exchange.
struct Recording: Sendable, CustomTestStringConvertible {
    let kind: String
    let path: String
    let body: [UInt8]
    /// Nil for bodies that were kept without their exchange.
    let status: Int?
    let headers: [(name: String, value: String)]
    let uri: String

    var testDescription: String { path }
}

enum Recordings {
    /// All recorded JSON bodies by kind; empty, with a line that says so, where there are none.
    static let all: [Recording] = {
        guard let folder = recordedAnswers else {
            print("no recorded answers beside the checkout: the tests that replay them have nothing to do")
            return []
        }
        return index(folder).compactMap { path, kind in recording(folder, path, kind) }
    }()

    static func of(_ kind: String) -> [Recording] { all.filter { $0.kind == kind } }

    /// INDEX.tsv: path, kind, … ; only JSON, as cassettes hold the same bodies in another form.
    private static func index(_ folder: URL) -> [(path: String, kind: String)] {
        let text = (try? String(contentsOf: folder.appending(path: "INDEX.tsv"), encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return columns.count > 1 && columns[0].hasSuffix(".json") ? (columns[0], columns[1]) : nil
        }
    }

    private static func recording(_ folder: URL, _ path: String, _ kind: String) -> Recording? {
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
