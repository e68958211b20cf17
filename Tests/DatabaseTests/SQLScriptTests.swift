import Database
import Testing

@Suite struct SQLScriptTests {
    @Test func `a script is split into its statements at real semicolons only`() {
        let script = """
            -- first; with a comment
            SELECT 'a;b', 'it''s;', "odd;name" -- and; another
            ;
            /* not; here */ DO $$ BEGIN x; END $$;
            SELECT $tag$ ; $$ ; $tag$, $1;
            -- nothing but words;
            ;
            SELECT 2
            """
        #expect(
            SQLScript.statements(of: script) == [
                "-- first; with a comment\nSELECT 'a;b', 'it''s;', \"odd;name\" -- and; another\n",
                "\n/* not; here */ DO $$ BEGIN x; END $$", "\nSELECT $tag$ ; $$ ; $tag$, $1", "\nSELECT 2",
            ])
    }

    @Test(arguments: ["", " \n", "-- words", "/* words", ";;"])
    func `a script without statements has none`(script: String) { #expect(SQLScript.statements(of: script) == []) }

    @Test(arguments: ["SELECT 'open", "SELECT \"open", "SELECT $$ open", "SELECT 1 -- end"])
    func `an open quote or comment ends with the script`(script: String) { #expect(SQLScript.statements(of: script) == [script]) }
}
