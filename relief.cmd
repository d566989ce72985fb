@echo off
rem Relief Inspector on Windows: makes its own environment on first use, then runs the program.
setlocal
set "HERE=%~dp0"
set "VENV=%HERE%.venv"
set "PY=%RELIEF_PYTHON%"
if "%PY%"=="" set "PY=py -3.11"
if exist "%VENV%\relief-ready.txt" goto run
%PY% -c "import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else 1)" || (
  echo relief: no Python 3.11 to 3.13 found; install one from the Microsoft Store or name it in RELIEF_PYTHON 1>&2
  exit /b 3
)
echo relief: making the environment .venv, some minutes the first time 1>&2
%PY% -m venv "%VENV%" || exit /b 3
"%VENV%\Scripts\python.exe" -m pip install -q --disable-pip-version-check -c "%HERE%constraints.txt" -e "%HERE%." || exit /b 3
echo ready> "%VENV%\relief-ready.txt"
:run
"%VENV%\Scripts\relief.exe" %*
exit /b %ERRORLEVEL%
