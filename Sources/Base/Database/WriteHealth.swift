import Synchronization

/// Whether the server's disk is full, as far as our own writes have met it. One for all connections to a database.
final class WriteHealth: Sendable {
    /// SQLSTATE disk_full (PostgreSQL documentation, Appendix A).
    static let diskFull = "53100"

    private let full = Atomic<Bool>(false)

    var isDiskFull: Bool { full.load(ordering: .relaxed) }

    func failed(_ state: String) {
        if state == Self.diskFull { full.store(true, ordering: .relaxed) }
    }

    /// Rows that were added show that there is room again. An UPDATE may find room in its own page when no table can grow.
    func succeeded(_ tag: String) {
        if tag.hasPrefix("INSERT") || tag.hasPrefix("COPY"), !tag.hasSuffix(" 0") { hasRoom() }
    }

    func hasRoom() { full.store(false, ordering: .relaxed) }
}
