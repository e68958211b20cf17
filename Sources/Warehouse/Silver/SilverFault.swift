import Database

/// What a failure of the transform says about whom it is about. Pure.
enum SilverFault {
    /// The row's own values: the same row will always fail, others need not.
    case row
    /// Perhaps this row, perhaps everything: a missing privilege, a broken deploy, a lost worker. A probe tells.
    case unclear
    /// The connection, the disk, a deadlock, a stop: nothing about the work, try again.
    case passing

    init(_ error: any Error) {
        guard let error = error as? DatabaseError else {
            self = error is WarehouseError ? .row : .passing
            return
        }
        switch error.code {
        case .constraint, .decoding: self = .row
        case .statement: self = error.sqlState?.hasPrefix("22") == true ? .row : .unclear
        default: self = .passing
        }
    }
}

/// Something that every piece of work would meet: the runner stands still until it is mended.
struct SilverStopped: Error, CustomStringConvertible {
    let underlying: any Error

    var description: String { "\(underlying)" }
}
