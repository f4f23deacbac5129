// Runs a script on another version of PHP, whose files are this machine's.
// Arguments: the folder with node_modules/@php-wasm, the version, folders to show it (separated by :), the script's.
import { createRequire } from 'node:module';

const [, , packages, version, folders, ...script] = process.argv;
const require = createRequire(packages + '/');
const { createNodeFsMountHandler, loadNodeRuntime } = require('@php-wasm/node');
const { PHP } = require('@php-wasm/universal');

const php = new PHP(await loadNodeRuntime(version, { emscriptenOptions: { processId: 1 } }));
for (const folder of folders.split(':')) {
	php.mkdir(folder);
	await php.mount(folder, createNodeFsMountHandler(folder));
}
const said = await php.cli(['php', ...script]);
const read = async (stream, out) => {
	const reader = stream.getReader();
	for (let part = await reader.read(); !part.done; part = await reader.read()) out.write(part.value);
};
await Promise.all([read(said.stdout, process.stdout), read(said.stderr, process.stderr)]);
process.exitCode = await said.exitCode;
setTimeout(() => process.exit(), 200);
