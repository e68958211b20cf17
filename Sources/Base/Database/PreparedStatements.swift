/// Which statements are prepared on a connection, under which names: bounded, the oldest goes first.
struct PreparedStatements {
    /// More distinct statements than this program has; the bound only guards against a statement built anew each time.
    static let countMax = 256

    private struct Key: Hashable {
        let text: String
        let types: [UInt32]

        init(_ sql: SQL) {
            text = sql.text
            types = sql.parameters.map(\.type)
        }
    }

    private var names: [Key: String] = [:]
    private var order: [Key] = []
    private var next = 0

    func name(for sql: SQL) -> String? { names[Key(sql)] }

    /// A name for a new statement, and the name to deallocate when the bound is reached.
    mutating func admit(_ sql: SQL) -> (name: String, evicted: String?) {
        var evicted: String?
        if order.count >= PreparedStatements.countMax { evicted = names.removeValue(forKey: order.removeFirst()) }
        next += 1
        let name = "s\(next)"
        names[Key(sql)] = name
        order.append(Key(sql))
        return (name, evicted)
    }

    mutating func forget(_ sql: SQL) {
        names[Key(sql)] = nil
        order.removeAll { $0 == Key(sql) }
    }
}
