import ControlAPI
import Foundation

/// What a rebuild changed, or would change, as text.
enum RebuildText {
    static func text(_ report: RebuildMessage) -> String {
        let parts = [
            headline(report), tables(report),
            figures(report), errors(report), report.dryRun ? "nothing was changed" : nil,
        ]
        return parts.compactMap(\.self).joined(separator: "\n\n")
    }

    private static func headline(_ report: RebuildMessage) -> String {
        func count(_ number: some BinaryInteger, _ one: String, _ many: String) -> String {
            "\(Phrase.number(number)) \(number == 1 ? one : many)"
        }
        return "\(count(report.activities, "activity", "activities")) of \(count(report.finished, "athlete", "athletes")) made anew"
    }

    private static func tables(_ report: RebuildMessage) -> String? {
        if report.tables.isEmpty { return nil }
        var table = Table(["table", "before", "after", "added", "changed", "removed"], numbers: [1, 2, 3, 4, 5])
        for row in report.tables {
            table.row([row.table] + [row.before, row.after, row.added, row.changed, row.removed].map { Phrase.number($0) })
        }
        return table.text
    }

    private static func figures(_ report: RebuildMessage) -> String? {
        if report.figures.isEmpty { return nil }
        var table = Table(["sum", "before", "after"], numbers: [1, 2])
        for row in report.figures { table.row([row.figure] + [row.before, row.after].map { String(format: "%.1f", $0) }) }
        return table.text
    }

    private static func errors(_ report: RebuildMessage) -> String? {
        if report.errors.isEmpty { return nil }
        var table = Table(["athlete", "kept its rows because"], numbers: [0])
        for row in report.errors { table.row([String(row.athleteID), row.error]) }
        return table.text
    }
}
