/**
 * Builds what browsers load when the dependencies have been installed. Where those for development are left out
 * (a container that gets the built pages otherwise) there is nothing to build with.
 */
import { spawnSync } from 'node:child_process';

try {
  import.meta.resolve('vite');
} catch {
  console.log('The dashboard is not built: development dependencies are left out.');
  process.exit(0);
}
process.exit(spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit', shell: true }).status ?? 1);
