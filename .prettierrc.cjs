// XML as OCA lays it out; JavaScript likewise.
module.exports = {
    plugins: [require.resolve("@prettier/plugin-xml")],
    bracketSpacing: false,
    printWidth: 88,
    proseWrap: "preserve",
    semi: true,
    tabWidth: 4,
    overrides: [{files: ["*.yml", "*.yaml", "*.json"], options: {tabWidth: 2}}],
    trailingComma: "es5",
    // Views and QWeb templates may depend on their white space.
    xmlWhitespaceSensitivity: "preserve",
};
