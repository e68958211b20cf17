import ControlAPI

/// The completeness ledger's counts as a table.
enum EndpointsText {
    static func table(_ endpoints: [EndpointCounts]) -> String {
        var table = Table(
            ["endpoint", "landed", "pending", "failed", "empty", "no scope", "gone", "quarantined", "expired"], numbers: Set(1...8))
        for counts in endpoints {
            let numbers = [
                counts.landed, counts.pending, counts.failed, counts.empty, counts.noScope, counts.gone, counts.quarantined, counts.expired,
            ]
            table.row([counts.endpoint] + numbers.map { Phrase.number($0) })
        }
        return table.text
    }
}
