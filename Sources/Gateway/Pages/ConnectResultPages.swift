import Core
import Hummingbird
import Sync

/// The pages that say how a connect ended, or ask about a uid.
extension ConnectPages {
    /// The page for the outcome of a connect.
    ///
    /// - Parameters:
    ///   - link: the address of the link with which it began.
    ///   - form: where the page's buttons send the person's decision.
    func page(_ outcome: ConnectOutcome, _ purpose: ConnectPurpose, link: String, _ form: Form) -> HTMLPage {
        // Who is connected already has used up the link.
        let isConnected = outcome.isConnected || purpose.renewedAthlete != nil
        let again = Again(form: isConnected ? form : nil, link: link, pages: self)
        let page = content(outcome, purpose.uid, again, form)
        return HTMLPage(page.status, title: page.title, mark: page.mark ?? .notice, body: page.body, formTargets: form.targets)
    }

    /// The way to Strava once more.
    private struct Again {
        /// Set when the person is connected already.
        let form: Form?
        let link: String
        let pages: ConnectPages

        var isConnected: Bool { form != nil }
        var nothingStored: String { isConnected ? "You stay connected as before." : "Nothing was stored." }

        func button(_ text: String) -> HTML {
            form.map { pages.button($0, text, decision: "again") } ?? ConnectPages.link(link, text)
        }
    }

    private func content(_ outcome: ConnectOutcome, _ uid: UID, _ again: Again, _ form: Form) -> HTMLPage {
        switch outcome.result {
        case .connected, .connectedAgain: connected(outcome, uid, again)
        case .athleteTaken, .uidTaken, .bothTaken: question(outcome, uid, form)
        case .kept: kept(outcome, again)
        case .linkUsed: linkUsed
        case .denied: denied(again)
        case .refusedByStrava: refusedByStrava
        case .scopeMissing: scopeMissing(outcome.granted, again)
        case .codeRefused, .stravaUnavailable, .athletesFull, .credentialsRefused, .beingErased, .interrupted: failed(outcome.result, again)
        }
    }

    // MARK: Connected

    private func connected(_ outcome: ConnectOutcome, _ uid: UID, _ again: Again) -> HTMLPage {
        let limits = outcome.granted.limits.map { "<li>\($0)</li>" as HTML }
        let limitation: HTML =
            limits.isEmpty
            ? ""
            : """
            <h2>What is left out</h2><p>Some boxes at Strava were not ticked:</p><ul>\(HTML.joined(limits))</ul>
            \(again.button("Allow the rest at Strava"))
            """
        let moved: HTML = outcome.hasMoved == true ? "<p>As you decided, this has replaced what was connected before.</p>" : ""
        return HTMLPage(
            title: outcome.result == .connected ? "Connected" : "Connected again", mark: .done,
            body: """
                <p class="lead">The Strava account of <strong>\(person(outcome))</strong> is connected as <strong>\(uid.text)</strong>.</p>
                \(moved)
                <p>Your activities are being loaded now, newest first. The first ones appear within minutes; a long history can take
                hours or days, since Strava limits how fast it may be read. New activities are added automatically.</p>
                \(limitation)
                <p class="hint">Not you? Revoke access in Strava, under Settings, My Apps, and tell \(operatorInText). You can do so at any
                time. You may close this page.</p>
                """)
    }

    // MARK: Asking

    /// Tells nothing about the other account or name: the person who sees this page may not be their owner.
    private func question(_ outcome: ConnectOutcome, _ uid: UID, _ form: Form) -> HTMLPage {
        let (name, uid) = (person(outcome), uid.text)
        let (title, now, then): (String, HTML, HTML)
        switch outcome.conflict {
        case .athlete:
            title = "Connected under another name"
            now = "The Strava account of <strong>\(name)</strong> is connected here already, but not as <strong>\(uid)</strong>."
            then = "the account and all its data become <strong>\(uid)</strong>, and the other name no longer has an account here"
        case .uid:
            title = "This name has another account"
            now = """
                <strong>\(uid)</strong> is connected here already, with a Strava account other than that of <strong>\(name)</strong>.
                """
            then = "<strong>\(uid)</strong> gets the account of <strong>\(name)</strong>, and the other account stays here without a name"
        default:
            title = "Account and name are connected already"
            now = """
                The Strava account of <strong>\(name)</strong> is connected here under another name, and <strong>\(uid)</strong> has another
                Strava account.
                """
            then = """
                <strong>\(uid)</strong> gets the account of <strong>\(name)</strong>, the other account stays here without a name, and the
                other name without an account
                """
        }
        return HTMLPage(
            .conflict, title: title, mark: .question,
            body: """
                <p class="lead">\(now) Nothing was changed.</p>
                <p>If you go on, \(then). The change is recorded, and \(operatorInText) can see it.</p>
                \(buttons(form, [("Connect as \(uid)", "move", "button"), ("Leave it as it is", "keep", "button plain")]))
                <p class="hint">Did you mean another Strava account? Leave it as it is, log out at Strava, and open your link again. You can
                decide within ten minutes.</p>
                """)
    }

    private func kept(_ outcome: ConnectOutcome, _ again: Again) -> HTMLPage {
        HTMLPage(
            title: "Nothing was changed", mark: .done,
            body: """
                <p>The Strava account of <strong>\(person(outcome))</strong> was not connected under this name. All is as it was before.</p>
                <p>To connect another account, log out at Strava first.</p>
                \(again.button("Open the link again"))
                """)
    }

    // MARK: Not connected

    private func denied(_ again: Again) -> HTMLPage {
        HTMLPage(
            title: again.isConnected ? "Nothing was changed" : "Not connected",
            body: """
                <p>You did not grant access at Strava. \(again.isConnected ? again.nothingStored : "Nothing was stored, and nothing will be read from Strava.")</p>
                \(again.button(again.isConnected ? "Try again" : "Connect after all"))
                """)
    }

    private func scopeMissing(_ granted: GrantedScopes, _ again: Again) -> HTMLPage {
        HTMLPage(
            .badRequest, title: "Permission needed",
            body: """
                <p>Without permission to view your activities, nothing can be loaded. \(again.nothingStored)</p>
                <p>Missing: \(HTML.joined(granted.missing.map { "<code>\($0)</code> " }))</p>
                <p>On Strava's page, please keep “View data about your activities” ticked. The other boxes are up to you: what they allow is
                left out if you untick them.</p>
                \(again.button("Back to Strava"))
                """)
    }

    private func failed(_ result: ConnectOutcome.Result, _ again: Again) -> HTMLPage {
        let stored = again.nothingStored
        switch result {
        case .codeRefused:
            return HTMLPage(
                .badRequest, title: "Strava did not confirm the connection",
                body: "<p>The confirmation was used already, or is too old. \(stored)</p>\(again.button("Try again"))")
        case .athletesFull:
            return HTMLPage(
                .serviceUnavailable, title: "No more athletes can connect",
                body: """
                    <p>Strava limits how many athletes may connect to this application, and the limit is reached. \(stored)</p>
                    <p>Please tell \(operatorInText), who can ask Strava for more places. Your link stays valid.</p>
                    """)
        case .credentialsRefused:
            return HTMLPage(
                .internalServerError, title: "This installation is not set up correctly",
                body: "<p>Strava refuses the application's credentials. \(stored) Please tell \(operatorInText).</p>")
        case .beingErased:
            return HTMLPage(
                .conflict, title: "This account is being deleted here",
                body: """
                    <p>Its data is being erased, as was asked for. Nothing new was stored. You can connect it again in a few minutes: your link
                    stays valid.</p>\(again.button("Try again"))
                    """)
        case .interrupted:
            return HTMLPage(
                .serviceUnavailable, title: "The connection was interrupted",
                body: "<p>It may not have been stored. Connecting again does no harm.</p>\(again.button("Connect again"))")
        default:
            return HTMLPage(
                .badGateway, title: "Strava can't be reached",
                body: """
                    <p>Strava did not answer as expected. \(stored) Please try again in a few minutes: your link stays valid.</p>
                    \(again.button("Try again"))
                    """)
        }
    }

    /// The athlete's name at Strava, or their number there.
    private func person(_ outcome: ConnectOutcome) -> String {
        outcome.name ?? outcome.athlete.map { "athlete \($0)" } ?? "an athlete"
    }
}
