/// What a database still needs, decided from the files and from what it says was applied. Pure.
struct MigratorPlan {
    struct Applied: Sendable, Equatable {
        let number: Int
        let name: String
        let sha256: String
    }

    /// The files with their hashes, in order.
    let files: [(file: MigratorFile, sha256: String)]
    let applied: [Applied]

    /// The files to apply, in order.
    /// - Throws: when history and files disagree; nothing may be applied then.
    func pending() throws -> [MigratorFile] {
        for past in applied { try check(past) }
        let last = applied.map(\.number).max() ?? 0
        let known = Set(applied.map(\.number))
        let pending = files.map(\.file).filter { !known.contains($0.number) }
        if let late = pending.first(where: { $0.number < last }) {
            throw DatabaseError(
                .migration, "\(late.name) comes before number \(last), which this database already has: give it the next number")
        }
        return pending
    }

    private func check(_ past: Applied) throws {
        guard let (file, sha256) = files.first(where: { $0.file.number == past.number }) else {
            throw DatabaseError(
                .migration, "this database has \(past.name), which this program does not know: run a newer fitnessd, or restore the file")
        }
        guard file.name == past.name, sha256 == past.sha256 else {
            throw DatabaseError(
                .migration, "\(past.name) was changed after it was applied: restore the file and put the change into a new migration")
        }
    }
}
