import ControlAPI
import Foundation
import TestKit
import Testing

@Suite struct ControlSocketPathTests {
    @Test(arguments: [
        (["FITNESSD_CONTROL_SOCKET": "/a.sock", "RUNTIME_DIRECTORY": "/run/x"], "/a.sock"),
        (["RUNTIME_DIRECTORY": "/run/x:/run/y", "XDG_RUNTIME_DIR": "/run/user/1"], "/run/x/control.sock"),
        (["XDG_RUNTIME_DIR": "/run/user/1", "HOME": "/h"], "/run/user/1/fitnessd/control.sock"),
        (["FITNESSD_STATE_DIR": "/s", "STATE_DIRECTORY": "/t"], "/s/control.sock"),
        (["STATE_DIRECTORY": "/t", "HOME": "/h"], "/t/control.sock"),
        (["XDG_STATE_HOME": "/x", "HOME": "/h"], "/x/fitnessd/control.sock"),
        (["FITNESSD_CONTROL_SOCKET": "", "HOME": "/h"], "/h/.local/state/fitnessd/control.sock"),
    ])
    func `the daemon's place follows the environment`(environment: [String: String], path: String) {
        #expect(ControlSocketPath.daemon(environment: environment) == path)
    }

    @Test func `the tool looks where something is, unless it is told`() async throws {
        try await withTemporaryFolder { folder in
            let state = folder.appending(path: "control.sock").path
            let environment = ["XDG_RUNTIME_DIR": folder.path, "FITNESSD_STATE_DIR": folder.path]
            try Data().write(to: URL(filePath: state))
            #expect(ControlSocketPath.tool(environment: environment) == state)
            let told = environment.merging(["FITNESSD_CONTROL_SOCKET": "/told.sock"]) { $1 }
            #expect(ControlSocketPath.tool(environment: told) == "/told.sock")
        }
    }
}
