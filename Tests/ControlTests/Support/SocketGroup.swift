@testable import ControlServer

extension ControlSocket {
    /// The same socket with another group's members allowed to ask.
    func inGroup(_ group: UInt32) -> ControlSocket {
        var socket = self
        socket.groupID = group
        return socket
    }
}
