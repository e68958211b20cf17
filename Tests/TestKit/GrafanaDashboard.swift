import Foundation

/// A dashboard of `sql/dashboards/grafana`, as far as tests look at it.
public struct GrafanaDashboard: Decodable, Sendable {
    public struct Source: Decodable, Sendable, Equatable {
        public let uid: String
        public let type: String
    }

    public struct Target: Decodable, Sendable {
        public let refId: String
        public let datasource: Source?
        /// Of PostgreSQL.
        public let rawSql: String?
        public let format: String?
        /// Of Prometheus.
        public let expr: String?
    }

    public struct Place: Decodable, Sendable {
        public let x: Int
        public let y: Int
        public let w: Int
        public let h: Int
    }

    public struct Options: Decodable, Sendable {
        /// The column of the horizontal axis.
        public let xField: String?
    }

    public struct Panel: Decodable, Sendable {
        public let id: Int
        public let title: String
        public let description: String?
        public let type: String
        public let gridPos: Place
        public let datasource: Source
        public let targets: [Target]
        public let options: Options?
    }

    public struct Variable: Decodable, Sendable {
        public let name: String
        public let query: String
        public let datasource: Source
        /// In place of the list of all values.
        public let allValue: String?
    }

    public struct Variables: Decodable, Sendable {
        public let list: [Variable]?
    }

    public let uid: String
    public let title: String
    public let panels: [Panel]
    public let templating: Variables

    public static let folder = checkout.appending(path: "sql/dashboards/grafana")

    /// All of them, by name.
    public static func all() throws -> [(name: String, text: String, dashboard: GrafanaDashboard)] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }.sorted()
        return try names.map { name in
            let data = try Data(contentsOf: folder.appending(path: name))
            return (name, String(decoding: data, as: UTF8.self), try JSONDecoder().decode(GrafanaDashboard.self, from: data))
        }
    }

    /// SQL with Grafana's macros and variables filled in, as its PostgreSQL data source does.
    ///
    /// - Parameters:
    ///   - period: two times that PostgreSQL reads.
    ///   - values: what is chosen of each variable.
    public static func filled(_ sql: String, period: (from: String, to: String), values: [String: [String]]) -> String {
        var text = sql.replacing(#/\$__timeFilter\(([^()]+)\)/#) { "\($0.1) BETWEEN '\(period.from)' AND '\(period.to)'" }
        text = text.replacing("$__timeFrom()", with: "'\(period.from)'").replacing("$__timeTo()", with: "'\(period.to)'")
        for (name, chosen) in values {
            let quoted = chosen.map { "'\($0.replacing("'", with: "''"))'" }.joined(separator: ",")
            text = text.replacing("${\(name):sqlstring}", with: quoted).replacing("${\(name):csv}", with: chosen.joined(separator: ","))
                .replacing("${\(name)}", with: chosen.joined(separator: ",")).replacing("$\(name)", with: chosen.joined(separator: ","))
        }
        return text
    }
}
